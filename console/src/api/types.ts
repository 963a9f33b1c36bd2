// SPDX-License-Identifier: Apache-2.0
import type {components} from './schema';

type Schemas = components['schemas'];
export type Connection = Schemas['Connection'];
export type Environment = Schemas['Environment'];
export type Invocation = Schemas['Invocation'];
export type InvocationDetail = Schemas['InvocationDetail'];
export type InvocationPage = Schemas['InvocationPage'];
export type Key = Schemas['Key'];
export type KeyCreate = Schemas['KeyCreate'];
export type KeyWithSecret = Schemas['KeyWithSecret'];
export type Model = Schemas['Model'];
export type Overview = Schemas['Overview'];
export type OverviewGroup = Schemas['OverviewGroup'];
export type OverviewPoint = Schemas['OverviewPoint'];
export type PlaygroundSummary = Schemas['PlaygroundSummary'];
export type Problem = Schemas['Problem'];
export type Session = Schemas['Session'];
export type Totals = Schemas['Totals'];
export type Usage = Schemas['Usage'];
