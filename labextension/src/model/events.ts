/** The events that the server extension emits on Jupyter's event bus: their schema ids. */

/** Environments or their states changed: kernelspecs are to be asked for again. */
export const ENVIRONMENTS_CHANGED =
  'https://jupyter-pixi.readthedocs.io/events/environments-changed';

/** An operation (of any kernel, terminal or launcher) had something to say. */
export const OPERATION = 'https://jupyter-pixi.readthedocs.io/events/operation';
