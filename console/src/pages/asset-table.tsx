// SPDX-License-Identifier: Apache-2.0
import {Link} from '@tanstack/react-router';
import {Fragment} from 'react';
import type {Asset} from '../api/governance';
import {assetName} from '../lib/asset';
import {Ago, Tag} from '../ui/marks';
import {KindIcon} from './asset-kinds';

// Assets in the server's order: by owner, kind and name. With `grouped`, each owner has a heading.
export function AssetTable({items, grouped = true}: {items: Asset[]; grouped?: boolean}) {
  return (
    <div className="scroll-x" role="region" aria-label="Assets" tabIndex={0}>
      <table className="data-table">
        <thead><tr>{['Asset', 'Kind', 'What it is', 'Version', 'Labels', 'Changed'].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
        <tbody>
          {items.map((asset, i) => (
            <Fragment key={assetName(asset)}>
              {grouped && asset.owner !== items[i - 1]?.owner && (
                <tr className="owner-row"><td colSpan={6}>{asset.owner === 'shared' ? 'shared: for every use case' : <Link to="/use-cases/$slug" params={{slug: asset.owner}}>{asset.owner}</Link>}</td></tr>
              )}
              <tr>
                <td style={{whiteSpace: 'nowrap'}}><Link to="/catalogue/$owner/$kind/$name" params={asset}>{asset.name}</Link>{asset.deprecated && <> <Tag tone="warn">deprecated</Tag></>}</td>
                <td style={{whiteSpace: 'nowrap'}}><span className="status" style={{fontWeight: 400}}><KindIcon kind={asset.kind} />{asset.kind}</span></td>
                <td style={{minWidth: 200}}>{asset.description || <span className="quiet">not described</span>}</td>
                <td className="numeric">{asset.latest.version}</td>
                <td><Labels labels={asset.labels} /></td>
                <td style={{whiteSpace: 'nowrap'}}><Ago at={asset.latest.created_at} /><span className="sub">{asset.latest.author}</span></td>
              </tr>
            </Fragment>
          ))}
          {!items.length && <tr><td colSpan={6} className="quiet">No asset matches.</td></tr>}
        </tbody>
      </table>
    </div>
  );
}

export function Labels({labels}: {labels: Asset['labels']}) {
  const names = Object.entries(labels);
  if (!names.length) return <span className="quiet">–</span>;
  return <>{names.map(([label, version]) => <span key={label} className="here"><Tag tone="info">{label}</Tag><span className="quiet numeric">{version}</span></span>)}</>;
}
