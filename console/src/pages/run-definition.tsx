// SPDX-License-Identifier: Apache-2.0
// What exactly was run: every version that was pinned, and the definition as it is kept.
import {useQuery} from '@tanstack/react-query';
import {Link} from '@tanstack/react-router';
import {sessionQuery} from '../api/queries';
import type {RunDetail} from '../api/runs';
import {parseAssetName} from '../lib/asset';
import {plural} from '../lib/format';
import {pinsOf, type Pin} from '../lib/runs';
import {Copy} from '../ui/bits';
import {JsonView} from '../ui/json-view';
import {Nothing, Panel} from '../ui/marks';

export function RunDefinition({run}: {run: RunDetail}) {
  const {data: session} = useQuery(sessionQuery);
  const pins = pinsOf(run.definition);
  const text = JSON.stringify(run.definition, null, 2);
  const capture = session?.environments.find(({name}) => name === run.environment)?.capture;
  return (
    <>
      <Panel title="What was pinned" flush tools={<span className="quiet">{plural(pins.length, 'version')}: whoever runs this again asks the same</span>}>
        {pins.length ? <div className="scroll-x" role="region" aria-label="Pinned versions" tabIndex={0}><Pins pins={pins} /></div> : <div className="part-body"><Nothing>Nothing is pinned.</Nothing></div>}
      </Panel>
      <Panel title="Definition" tools={<Copy iconOnly={false} text={text} label="Copy" />}>
        <JsonView text={text} label="Definition as JSON" />
        <p className="quiet">{run.digest ? <>The run’s digest is the SHA-256 of this definition and all results, as <b>Export</b> gives them: <code>sha256sum</code> proves it.</> : 'Definition and results get a digest when the run has ended.'}
          {capture && capture !== 'full' && ` ${run.environment} keeps no bodies, so answers and reasons are not among the results.`}</p>
      </Panel>
    </>
  );
}

function Pins({pins}: {pins: Pin[]}) {
  return (
    <table className="data-table">
      <thead><tr>{['What', 'Name', 'Version', 'Digest'].map((name) => <th key={name} scope="col">{name}</th>)}</tr></thead>
      <tbody>
        {pins.map((pin, i) => (
          <tr key={i}>
            <td>{pin.what}</td>
            <td><PinLink pin={pin} /></td>
            <td className="numeric">{pin.version ?? '–'}</td>
            <td className="mono" style={{whiteSpace: 'nowrap'}}>{pin.digest ? <>{pin.digest.replace(/^sha256:/, '').slice(0, 16)}… <Copy text={pin.digest} label={`Copy the digest of ${pin.name}`} /></> : '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function PinLink({pin: {what, name, version}}: {pin: Pin}) {
  const release = what === 'Release' ? /^([a-z][a-z0-9-]*)@(\d+)$/.exec(name) : null;
  if (release) return <Link to="/releases/$slug/$number" params={{slug: release[1]!, number: release[2]!}}>{name}</Link>;
  const asset = parseAssetName(name);
  if (!asset) return <>{name}</>;
  return <Link to="/catalogue/$owner/$kind/$name" params={asset} search={what === 'Dataset' && version ? {version: String(version)} : {}}>{name}</Link>;
}
