// SPDX-License-Identifier: Apache-2.0
// Only what the plots use; loaded when the first plot is shown.
import {BarChart, LineChart} from 'echarts/charts';
import {BrushComponent, GridComponent, TooltipComponent} from 'echarts/components';
import {connect, init, use} from 'echarts/core';
import {CanvasRenderer} from 'echarts/renderers';

use([BarChart, LineChart, BrushComponent, GridComponent, TooltipComponent, CanvasRenderer]);
export {connect, init};
