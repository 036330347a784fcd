/** The icon of the panel and of the settings. */

import { LabIcon } from '@jupyterlab/ui-components';

const SVG = `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M12 2 3 6.5v11L12 22l9-4.5v-11zm0 2.2 6.2 3.1L12 10.4 5.8 7.3zM5 8.9l6 3v7.4l-6-3zm8 10.4v-7.4l6-3v7.4z"/>
  </g>
</svg>`;

export const environmentsIcon = new LabIcon({ name: 'jupyter-pixi:environments', svgstr: SVG });
