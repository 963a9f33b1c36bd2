// SPDX-License-Identifier: Apache-2.0
// Sets the colour scheme before the first paint, so that nothing flashes. A file of its own because the
// content security policy allows no inline script.
(function () {
  var wanted = null;
  try {
    wanted = localStorage.getItem('slipway-color-scheme');
  } catch (e) {
    wanted = null;
  }
  if (wanted !== 'light' && wanted !== 'dark') {
    wanted = matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
  }
  document.documentElement.setAttribute('data-mantine-color-scheme', wanted);
})();
