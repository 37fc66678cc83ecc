/** The parts of every namespace: one typed call, checks before anything is sent, and the two kinds of methods that come often. */
import type { CallOptions } from '../../core/call.js'
import { createRecent } from '../../core/stream.js'
import { refused } from '../errors.js'
import type { Answer, AnyOpName, OpName, Request, V1Request } from '../ops.js'
import { notAdvancing, type PageOptions, type Paging } from '../pages.js'

export interface Context {
  invoke<Name extends AnyOpName>(name: Name, request: Request<Name>, options: CallOptions | undefined): Promise<Answer<Name>>
  /** The fleet that a fleet-scoped call is about, as a field of its request; throws where none is known. */
  fleet(op: string, options: InFleet): { readonly fleetId: string }
}

/** Options of a list by offset. */
export type OffsetOptions = CallOptions & PageOptions
/** Names the fleet that a call is about. */
export interface FleetScoped {
  /** Default: the fleet of the client. */
  readonly fleetId?: string | undefined
}
export type InFleet = CallOptions & FleetScoped

/** The same fields, none of them empty. The published SDKs send an empty id, and the server refuses it. */
export function needed<Fields extends Readonly<Record<string, string>>>(op: string, fields: Fields): Fields {
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== 'string' || value === '')
      throw refused(op, `${op} needs ${name}; it is ${value === '' ? 'empty' : 'missing'}.`)
  }
  return fields
}

type OpsAbout<Key extends string> = { [Name in OpName]: Key extends keyof V1Request<Name> ? Name : never }[OpName]

/** Methods about one thing, whose id comes first; `more` makes the other fields of the request from the options. */
export function about<Key extends string, Common extends CallOptions = CallOptions>(
  { invoke }: Context,
  key: Key,
  scope: (op: string, options: Common) => object = () => ({}),
) {
  return <Name extends OpsAbout<Key>, Options extends Common = Common>(
    op: Name,
    more?: (options: Options) => Partial<Request<Name>>,
  ) =>
    async (id: string, options: Options = {} as Options): Promise<Answer<Name>> => {
      const request = { ...scope(op, options), ...needed(op, { [key]: id }), ...more?.(options) } as Request<Name>
      return invoke(op, request, options)
    }
}

type Items<Page> = Page extends { readonly items: readonly (infer Item)[] }
  ? Item
  : Page extends { readonly results: readonly (infer Item)[] }
    ? Item
    : never

/** A list as its three methods: one page, all pages, the items of all pages. `ask` gives the fields that every page is asked with. */
export function listed<Name extends OpName, Step, Options, Args extends readonly unknown[]>(
  { invoke }: Context,
  op: Name,
  paging: Paging<Step, Options, Answer<Name>>,
  ask: (...args: Args) => readonly [fields: Partial<Request<Name>>, options: Options & CallOptions],
) {
  type Page = Answer<Name>
  const plan = (args: Args) => {
    const [fields, options] = ask(...args)
    const read = async (step: Step): Promise<Page> => {
      const page = await invoke(op, { ...fields, ...paging.ask(step) } as Request<Name>, options)
      if (paging.isBehind(page, step)) throw notAdvancing(op)
      return page
    }
    return { read, start: paging.start(options, op) }
  }
  async function* pages(...args: Args): AsyncGenerator<Page, void> {
    const { read, start } = plan(args)
    // Cursors and page numbers that were asked for; offsets are compared by `isBehind`.
    const asked = createRecent<Step>()
    let step: Step | undefined = start
    do {
      if (asked.seen(step as Step)) throw notAdvancing(op)
      const page: Page = await read(step as Step)
      yield page
      step = paging.next(page, step as Step, op)
    } while (step !== undefined)
  }
  async function* iter(...args: Args): AsyncGenerator<Items<Page>, void> {
    for await (const page of pages(...args)) {
      const { items, results } = page as { readonly items?: readonly Items<Page>[]; readonly results?: readonly Items<Page>[] }
      yield* items ?? results ?? []
    }
  }
  async function list(...args: Args): Promise<Page> {
    const { read, start } = plan(args)
    return read(start)
  }
  return { list, pages, iter }
}
