// SPDX-License-Identifier: Apache-2.0
// A ship's bow on a ramp.
export function Logo({size = 26}: {size?: number}) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="7" fill="#0b4f6c" />
      <g transform="rotate(-12 16 16)">
        <path d="M4.5 12.500h23.500c-1 4.6-3.3 7.5-7 9.300H8.400c-2.2-2.5-3.5-5.6-3.9-9.300z" fill="#fff" />
        <path d="M8.5 6.500h6.500v4.300H8.500z" fill="#fff" opacity="0.82" />
        <path d="M16.6 4v6.800h1.900V4z" fill="#fff" opacity="0.82" />
      </g>
      <path d="M3.5 28.2 28.5 22.9" stroke="#ffb454" strokeWidth="2.6" strokeLinecap="round" />
    </svg>
  );
}
