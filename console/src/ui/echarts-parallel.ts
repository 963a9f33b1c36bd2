// SPDX-License-Identifier: Apache-2.0
// Only what a plot of parallel axes uses; loaded when the first one is shown.
import {ParallelChart} from 'echarts/charts';
import {ParallelComponent, TooltipComponent} from 'echarts/components';
import {init, use} from 'echarts/core';
import {CanvasRenderer} from 'echarts/renderers';

use([ParallelChart, ParallelComponent, TooltipComponent, CanvasRenderer]);
export {init};
