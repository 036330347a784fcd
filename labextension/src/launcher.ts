/** JupyterLab's kernelspecs → launcher cards greyed where an environment cannot run, the reason as their title. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { markCards } from './launcherCards';
import { type EnvironmentKernel, environmentKernels } from './model/kernels';

/** Marks the cards in every launcher that is open, now and later. */
export const launcherPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyter-pixi:launcher',
  description: 'Shows in the launcher which Pixi environments cannot run here, and why.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    const { kernelspecs } = app.serviceManager;
    let kernels: ReadonlyMap<string, EnvironmentKernel> = new Map();
    let queued = false;

    const markSoon = () => {
      if (!queued) {
        queued = true;
        requestAnimationFrame(() => {
          queued = false;
          markCards(app.shell.node, kernels);
        });
      }
    };
    const update = () => {
      kernels = environmentKernels(Object.values(kernelspecs.specs?.kernelspecs ?? {}));
      markSoon();
    };
    kernelspecs.specsChanged.connect(update);
    void kernelspecs.ready.then(update);
    void app.started.then(() => {
      // Cards come and go with launchers and searches; the launcher has no signal for that.
      const observer = new MutationObserver(changes => {
        if (changes.some(touchesCard)) {
          markSoon();
        }
      });
      observer.observe(app.shell.node, {
        subtree: true,
        childList: true,
        attributeFilter: ['title']
      });
      markSoon();
    });
  }
};

function touchesCard(change: MutationRecord): boolean {
  if (change.type === 'attributes') {
    return (change.target as Element).classList.contains('jp-LauncherCard');
  }
  return Array.from(change.addedNodes).some(
    node =>
      node instanceof Element &&
      (node.classList.contains('jp-LauncherCard') ||
        node.querySelector('.jp-LauncherCard') !== null)
  );
}
