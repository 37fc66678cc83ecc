/**
 * The scope of each request to a CatSyphon server, for a gateway that lets some through. `server-only` never comes from a page: it
 * makes or shows credentials, or does not concern a collector. A request that is not in the table needs `admin`, which no client has by default.
 */

export type RouteScope = 'observe' | 'send' | 'approve' | 'admin' | 'server-only'

/** A row of the table of requests. */
export interface ScopedRoute {
  readonly method: string
  /** `{name}` matches one part of the path. */
  readonly path: string
  readonly scope: RouteScope
}

/** The scope that each request needs. */
export const CATSYPHON_ROUTES: readonly ScopedRoute[] = [
  { method: 'GET', path: '/', scope: 'observe' },
  { method: 'GET', path: '/health', scope: 'observe' },
  { method: 'GET', path: '/ready', scope: 'observe' },
  { method: 'GET', path: '/openapi.json', scope: 'observe' },
  { method: 'GET', path: '/collectors/sessions/{session_id}', scope: 'observe' },
  { method: 'GET', path: '/conversations/{conversation_id}', scope: 'observe' },
  { method: 'GET', path: '/conversations', scope: 'observe' },
  { method: 'GET', path: '/conversations/{conversation_id}/messages', scope: 'observe' },
  { method: 'POST', path: '/collectors/events', scope: 'send' },
  { method: 'POST', path: '/collectors/sessions/{session_id}/complete', scope: 'send' },
  // Telemetry is not tied to a collector, and a repeat is stored twice: a client that may send it can fill the server.
  { method: 'POST', path: '/v1/logs', scope: 'admin' },
  { method: 'GET', path: '/otel/stats', scope: 'observe' },
  { method: 'GET', path: '/setup/status', scope: 'admin' },
  { method: 'GET', path: '/setup/organizations', scope: 'admin' },
  { method: 'POST', path: '/setup/organizations', scope: 'admin' },
  { method: 'GET', path: '/setup/workspaces', scope: 'admin' },
  { method: 'POST', path: '/setup/workspaces', scope: 'admin' },
  { method: 'GET', path: '/setup/workspaces/{workspace_id}', scope: 'admin' },
  // Both answer with a key in plain text.
  { method: 'POST', path: '/collectors', scope: 'server-only' },
  { method: 'GET', path: '/collectors/builtin/credentials', scope: 'server-only' },
]
