/** Organizations and workspaces, which must exist before a collector can register; and the telemetry routes, switched off. */
import { detail, json, refuseIf, type SimulatedAnswer } from './answers.js'
import { workspaceOf } from './readback.js'
import type { Records } from './records.js'
import { readBody, type ParsedRequest } from './request.js'
import type { Route } from './route-types.js'
import { nullable, readUuid, required, text, uuid, type Complaint } from './validate.js'

export function setupRoutes(records: Records): Route[] {
  return [
    {
      method: 'GET',
      path: /^\/setup\/status$/,
      handler: () => {
        const { organizations, workspaces } = records
        const counts = { organization_count: organizations.size, workspace_count: workspaces.size }
        return json(200, { needs_onboarding: workspaces.size === 0, ...counts })
      },
    },
    { method: 'GET', path: /^\/setup\/organizations$/, handler: () => json(200, [...records.organizations.values()]) },
    { method: 'POST', path: /^\/setup\/organizations$/, handler: (request) => addOrganization(records, request) },
    { method: 'GET', path: /^\/setup\/workspaces$/, handler: (request) => listWorkspaces(records, request) },
    { method: 'POST', path: /^\/setup\/workspaces$/, handler: (request) => addWorkspace(records, request) },
    { method: 'GET', path: /^\/setup\/workspaces\/([^/]+)$/, handler: (_request, _pause, id) => oneWorkspace(records, id) },
    {
      method: 'POST',
      path: /^\/v1\/logs$/,
      handler: (request) => {
        workspaceOf(records, request)
        throw detail(403, 'OTEL ingest is disabled')
      },
    },
    {
      method: 'GET',
      path: /^\/otel\/stats$/,
      handler: (request) => {
        workspaceOf(records, request)
        return json(200, { total_events: 0, last_event_at: null })
      },
    },
  ]
}

function named(request: ParsedRequest, more: (body: Record<string, unknown>, complaints: Complaint[]) => void = () => {}) {
  const complaints: Complaint[] = []
  const body = readBody(request, complaints) ?? {}
  refuseIf(complaints)
  more(body, complaints)
  const name = required(body, 'name', ['body'], complaints, text)
  const slug = nullable(text)(body.slug, ['body', 'slug'], complaints)
  refuseIf(complaints)
  return { body, name: String(name), slug: typeof slug === 'string' ? slug : undefined }
}

function addOrganization(records: Records, request: ParsedRequest): SimulatedAnswer {
  const { name, slug } = named(request)
  const taken = [...records.organizations.values()].some((known) => known.slug === slug)
  if (taken) throw detail(400, `Organization with slug '${slug}' already exists`)
  return json(201, records.addOrganization(name, slug))
}

function addWorkspace(records: Records, request: ParsedRequest): SimulatedAnswer {
  const { body, name, slug } = named(
    request,
    (given, complaints) => void required(given, 'organization_id', ['body'], complaints, uuid),
  )
  const organizationId = readUuid(String(body.organization_id)) ?? ''
  if (!records.organizations.has(organizationId)) throw detail(404, 'Organization not found')
  const taken = [...records.workspaces.values()].some((known) => known.slug === slug)
  if (taken) throw detail(400, `Workspace with slug '${slug}' already exists`)
  return json(201, records.addWorkspace(name, organizationId, slug))
}

function listWorkspaces(records: Records, request: ParsedRequest): SimulatedAnswer {
  const wanted = request.query.get('organization_id')
  return json(
    200,
    [...records.workspaces.values()].filter((known) => wanted === null || known.organization_id === wanted),
  )
}

function oneWorkspace(records: Records, id: string): SimulatedAnswer {
  const found = records.workspaces.get(readUuid(id) ?? '')
  if (!found) throw detail(404, 'Workspace not found')
  return json(200, found)
}
