/** The messages between the page and its worker. Hub calls do not use them: those go over a link on a port of their own. */

/** From the page to the worker. */
export type ToWorker =
  | { readonly type: 'hub'; readonly port: MessagePort }
  | { readonly type: 'lab'; readonly port: MessagePort }
  | { readonly type: 'demo'; readonly running: boolean }

/** From the worker to the page. */
export type FromWorker =
  | { readonly type: 'ready'; readonly journal: string }
  | { readonly type: 'failed'; readonly message: string }
