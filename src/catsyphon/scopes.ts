/**
 * What each request to a CatSyphon server amounts to, for a gateway that lets some through. `server-only` never comes from a page: it
 * makes or shows credentials, or is not the collector's business. What is not in the table is `admin`, which nobody has by default.
 */

export type RouteScope = 'observe' | 'send' | 'approve' | 'admin' | 'server-only'

/** A row of the table of requests. */
export interface ScopedRoute {
  readonly method: string
  /** `{name}` stands for one part of the path. */
  readonly path: string
  readonly scope: RouteScope
}

/** What each request needs. */
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
