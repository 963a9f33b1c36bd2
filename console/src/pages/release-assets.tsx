// SPDX-License-Identifier: Apache-2.0
import {Link} from '@tanstack/react-router';
import type {ReleaseAsset} from '../api/governance';
import {assetName} from '../lib/asset';
import {Tag} from '../ui/marks';

// The exact versions that a release is made of.
export function ReleaseAssets({assets}: {assets: ReleaseAsset[]}) {
  return (
    <div className="scroll-x" role="region" aria-label="Assets" tabIndex={0}>
      <table className="data-table">
        <thead><tr>{['Kind', 'Asset', 'Version', 'Digest'].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {assets.map((asset) => (
            <tr key={assetName(asset)}>
              <td>{asset.kind}</td>
              <td><Link to="/catalogue/$owner/$kind/$name" params={asset} search={{version: String(asset.version)}}>{asset.name}</Link>{asset.owner === 'shared' && <> <Tag>shared</Tag></>}</td>
              <td className="numeric" style={{whiteSpace: 'nowrap'}}>{asset.version}{asset.latest_version > asset.version && (
                <> <Link style={{fontWeight: 400}} to="/catalogue/$owner/$kind/$name" params={asset} search={{tab: 'history', before: String(asset.version), after: 'latest'}}>({asset.latest_version} is newer: what changed?)</Link></>)}</td>
              <td className="mono" title={asset.digest}>{asset.digest.replace(/^sha256:/, '').slice(0, 12)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
