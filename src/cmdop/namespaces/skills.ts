import type { CallOptions } from '../../core/call.js'
import type { Answer } from '../ops.js'
import { byNumber, each } from '../pages.js'
import { required, steering, type Context } from './context.js'

export interface SearchOptions extends CallOptions {
  readonly search?: string
  readonly ordering?: string
}
export interface PagedSearchOptions extends SearchOptions {
  readonly page?: number
  readonly pageSize?: number
}
export interface ListSkillsOptions extends PagedSearchOptions {
  readonly category?: string
  readonly tag?: string
  readonly lang?: string
}
export interface SkillChanges {
  readonly name?: string
  /** A category's slug. */
  readonly category?: string
  readonly visibility?: 'public' | 'private' | (string & {})
  readonly status?: string
  readonly icon?: string
  readonly cover?: string
  readonly repositoryUrl?: string
}
export interface PublishOptions extends CallOptions {
  readonly skillMd?: string
  readonly readme?: string
  readonly changelog?: string
}
export type Skill = Answer<'skills.list'>['results'][number]
export type SkillReview = Answer<'skills.reviews'>['results'][number]

export interface Skills {
  list(options?: ListSkillsOptions): Promise<Answer<'skills.list'>>
  iter(options?: ListSkillsOptions): AsyncGenerator<Skill, void>
  pages(options?: ListSkillsOptions): AsyncGenerator<Answer<'skills.list'>, void>
  my(options?: PagedSearchOptions): Promise<Answer<'skills.my'>>
  iterMy(options?: PagedSearchOptions): AsyncGenerator<Skill, void>
  pagesMy(options?: PagedSearchOptions): AsyncGenerator<Answer<'skills.my'>, void>
  get(slug: string, options?: CallOptions & { readonly lang?: string }): Promise<Answer<'skills.get'>>
  /** Tells how to install it, and counts; installs nothing. */
  install(slug: string, options?: CallOptions): Promise<Answer<'skills.install'>>
  /** The answer holds the name and no slug: look for it in `my()`. */
  create(name: string, options?: CallOptions): Promise<Answer<'skills.create'>>
  update(slug: string, changes?: SkillChanges & CallOptions): Promise<Answer<'skills.update'>>
  delete(slug: string, options?: CallOptions): Promise<void>
  versions(slug: string, options?: CallOptions): Promise<Answer<'skills.versions'>>
  reviews(slug: string, options?: PagedSearchOptions): Promise<Answer<'skills.reviews'>>
  iterReviews(slug: string, options?: PagedSearchOptions): AsyncGenerator<SkillReview, void>
  pagesReviews(slug: string, options?: PagedSearchOptions): AsyncGenerator<Answer<'skills.reviews'>, void>
  /** A toggle. */
  star(slug: string, options?: CallOptions): Promise<Answer<'skills.star'>>
  /** Accepted is all that is told; watch the `status` of `get()`. */
  publish(slug: string, rawManifest: string, options?: PublishOptions): Promise<Answer<'skills.publish'>>
  /** Always `ok` where the skill exists: it says nothing about progress. */
  publishStatus(slug: string, options?: CallOptions): Promise<Answer<'skills.publishStatus'>>
  categories(options?: SearchOptions): Promise<Answer<'skills.categories'>>
  tags(options?: SearchOptions): Promise<Answer<'skills.tags'>>
}

export function createSkills({ invoke }: Context): Skills {
  const slugOf = (op: string, slug: string) => ({ slug: required(`skills.${op}`, 'a slug', slug) })
  const search = ({ search: text, ordering }: SearchOptions) => ({ search: text, ordering })
  const paged = (options: PagedSearchOptions) => ({ ...search(options), page: options.page, pageSize: options.pageSize })

  const list = (options: ListSkillsOptions = {}) => {
    const { category, tag, lang } = options
    return invoke('skills.list', { category, tag, lang, ...paged(options) }, steering(options))
  }
  const my = (options: PagedSearchOptions = {}) => invoke('skills.my', paged(options), steering(options))
  const reviews = async (slug: string, options: PagedSearchOptions = {}) =>
    invoke('skills.reviews', { ...slugOf('reviews', slug), ...paged(options) }, steering(options))

  const numbered = <Options extends PagedSearchOptions>(options: Options, page: number | undefined): Options =>
    page === undefined ? options : { ...options, page }
  const pages = (options: ListSkillsOptions = {}) => byNumber((page) => list(numbered(options, page)), options.page)
  const pagesMy = (options: PagedSearchOptions = {}) => byNumber((page) => my(numbered(options, page)), options.page)
  const pagesReviews = (slug: string, options: PagedSearchOptions = {}) =>
    byNumber((page) => reviews(slug, numbered(options, page)), options.page)

  return {
    list,
    pages,
    iter: (options) => each(pages(options), ({ results }) => results),
    my,
    pagesMy,
    iterMy: (options) => each(pagesMy(options), ({ results }) => results),
    reviews,
    pagesReviews,
    iterReviews: (slug, options) => each(pagesReviews(slug, options), ({ results }) => results),
    get: async (slug, { lang, ...options } = {}) => invoke('skills.get', { ...slugOf('get', slug), lang }, options),
    install: async (slug, options) => invoke('skills.install', slugOf('install', slug), options),
    create: async (name, options) => invoke('skills.create', { name: required('skills.create', 'a name', name) }, options),
    async update(slug, changes = {}) {
      const { name, category, visibility, status, icon, cover, repositoryUrl } = changes
      const given = { name, category, visibility, status, icon, cover, repositoryUrl }
      return invoke('skills.update', { ...slugOf('update', slug), ...given }, steering(changes))
    },
    async delete(slug, options) {
      await invoke('skills.delete', slugOf('delete', slug), options)
    },
    versions: async (slug, options) => invoke('skills.versions', slugOf('versions', slug), options),
    star: async (slug, options) => invoke('skills.star', slugOf('star', slug), options),
    async publish(slug, rawManifest, options = {}) {
      // The platform refuses empty texts; absent ones it takes.
      const { skillMd, readme, changelog } = options
      const texts = { skillMd: skillMd || undefined, readme: readme || undefined, changelog: changelog || undefined }
      const manifest = required('skills.publish', 'a manifest', rawManifest)
      return invoke('skills.publish', { ...slugOf('publish', slug), rawManifest: manifest, ...texts }, steering(options))
    },
    publishStatus: async (slug, options) => invoke('skills.publishStatus', slugOf('publishStatus', slug), options),
    categories: (options = {}) => invoke('skills.categories', search(options), steering(options)),
    tags: (options = {}) => invoke('skills.tags', search(options), steering(options)),
  }
}
