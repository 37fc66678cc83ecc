import type { CallOptions } from '../../core/call.js'
import type { Answer } from '../ops.js'
import { byNumber } from '../pages.js'
import { about, listed, needed, type Context } from './context.js'

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

const search = ({ search: text, ordering }: SearchOptions) => ({ search: text, ordering })
const searchPages = (options: PagedSearchOptions) => ({ ...search(options), pageSize: options.pageSize })

export function createSkills(context: Context): Skills {
  const { invoke } = context
  const skill = about(context, 'slug')
  const my = listed(context, 'skills.my', byNumber, (options: PagedSearchOptions = {}) => [searchPages(options), options])
  const reviews = listed(context, 'skills.reviews', byNumber, (slug: string, options: PagedSearchOptions = {}) => [
    { ...needed('skills.reviews', { slug }), ...searchPages(options) },
    options,
  ])

  return {
    ...listed(context, 'skills.list', byNumber, (options: ListSkillsOptions = {}) => {
      const { category, tag, lang } = options
      return [{ category, tag, lang, ...searchPages(options) }, options]
    }),
    my: my.list,
    pagesMy: my.pages,
    iterMy: my.iter,
    reviews: reviews.list,
    pagesReviews: reviews.pages,
    iterReviews: reviews.iter,
    get: skill('skills.get', ({ lang }: CallOptions & { readonly lang?: string }) => ({ lang })),
    install: skill('skills.install'),
    create: async (name, options) => invoke('skills.create', needed('skills.create', { name }), options),
    update: skill('skills.update', (changes: SkillChanges & CallOptions) => {
      const { name, category, visibility, status, icon, cover, repositoryUrl } = changes
      return { name, category, visibility, status, icon, cover, repositoryUrl }
    }),
    delete: skill('skills.delete'),
    versions: skill('skills.versions'),
    star: skill('skills.star'),
    async publish(slug, rawManifest, options = {}) {
      const op = 'skills.publish'
      // The platform refuses empty texts; absent ones it takes.
      const { skillMd, readme, changelog } = options
      const texts = { skillMd: skillMd || undefined, readme: readme || undefined, changelog: changelog || undefined }
      return invoke(op, { ...needed(op, { slug, rawManifest }), ...texts }, options)
    },
    publishStatus: skill('skills.publishStatus'),
    categories: (options = {}) => invoke('skills.categories', search(options), options),
    tags: (options = {}) => invoke('skills.tags', search(options), options),
  }
}
