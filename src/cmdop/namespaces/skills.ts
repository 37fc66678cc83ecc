import type { CallOptions } from '../../core/call.js'
import type { Answer } from '../ops.js'
import { byNumber } from '../pages.js'
import { about, listed, needed, type Context } from './context.js'

/**
 * How to search a list of the platform.
 */
export interface SearchOptions extends CallOptions {
  /**
   * A text to search for.
   */
  readonly search?: string
  /**
   * The field to sort by; `-` before it reverses the order.
   */
  readonly ordering?: string
}
/**
 * The same, with a page.
 */
export interface PagedSearchOptions extends SearchOptions {
  /**
   * Counts from 1.
   */
  readonly page?: number
  /**
   * Items per page. Default: the platform's own size.
   */
  readonly pageSize?: number
}
/**
 * Which skills are wanted.
 */
export interface ListSkillsOptions extends PagedSearchOptions {
  /**
   * The slug of a category.
   */
  readonly category?: string
  /**
   * The slug of a tag.
   */
  readonly tag?: string
  /**
   * The language of texts, for example `de`.
   */
  readonly lang?: string
}
/**
 * The changes to a skill. A field that is left out stays as it is.
 */
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
/**
 * Texts that are published with a skill. Empty ones are not sent.
 */
export interface PublishOptions extends CallOptions {
  readonly skillMd?: string
  readonly readme?: string
  readonly changelog?: string
}
/**
 * A skill in a list.
 */
export type Skill = Answer<'skills.list'>['results'][number]
/**
 * A review of a skill.
 */
export type SkillReview = Answer<'skills.reviews'>['results'][number]

/**
 * Skills: packages of the platform. They need an API key. Core 1.x and REST.
 */
export interface Skills {
  /**
   * One page of public skills.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.skills.list({ category: 'devops' })).results.map(({ slug }) => slug))
   */
  list(options?: ListSkillsOptions): Promise<Answer<'skills.list'>>
  /**
   * The skills of all pages.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * for await (const { slug } of cmdop.skills.iter({ search: 'backup' })) console.log(slug)
   */
  iter(options?: ListSkillsOptions): AsyncGenerator<Skill, void>
  /**
   * All pages of skills, one after another.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * for await (const { results } of cmdop.skills.pages({ pageSize: 50 })) console.log(results.length)
   */
  pages(options?: ListSkillsOptions): AsyncGenerator<Answer<'skills.list'>, void>
  /**
   * One page of your own skills.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.skills.my()).count)
   */
  my(options?: PagedSearchOptions): Promise<Answer<'skills.my'>>
  /**
   * Your own skills, of all pages.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * for await (const { slug, status } of cmdop.skills.iterMy()) console.log(slug, status)
   */
  iterMy(options?: PagedSearchOptions): AsyncGenerator<Skill, void>
  /**
   * All pages of your own skills.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * for await (const { results } of cmdop.skills.pagesMy()) console.log(results.length)
   */
  pagesMy(options?: PagedSearchOptions): AsyncGenerator<Answer<'skills.my'>, void>
  /**
   * All about one skill.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.skills.get('backup')).latestVersion)
   */
  get(slug: string, options?: CallOptions & { readonly lang?: string }): Promise<Answer<'skills.get'>>
  /**
   * Tells how to install a skill, and counts an installation. It installs nothing.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log(await cmdop.skills.install('backup'))
   */
  install(slug: string, options?: CallOptions): Promise<Answer<'skills.install'>>
  /**
   * Makes a skill. The answer holds the name and no slug: look for it in `my()`.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.skills.create('My backup')).name)
   */
  create(name: string, options?: CallOptions): Promise<Answer<'skills.create'>>
  /**
   * Changes a skill. Only what is given is sent.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * await cmdop.skills.update('my-backup', { visibility: 'private' })
   */
  update(slug: string, changes?: SkillChanges & CallOptions): Promise<Answer<'skills.update'>>
  /**
   * Deletes a skill for good.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * await cmdop.skills.delete('my-backup')
   */
  delete(slug: string, options?: CallOptions): Promise<void>
  /**
   * All versions of a skill.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.skills.versions('backup')).items.map(({ version }) => version))
   */
  versions(slug: string, options?: CallOptions): Promise<Answer<'skills.versions'>>
  /**
   * One page of reviews.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.skills.reviews('backup')).results.length)
   */
  reviews(slug: string, options?: PagedSearchOptions): Promise<Answer<'skills.reviews'>>
  /**
   * The reviews of all pages.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * for await (const { body } of cmdop.skills.iterReviews('backup')) console.log(body)
   */
  iterReviews(slug: string, options?: PagedSearchOptions): AsyncGenerator<SkillReview, void>
  /**
   * All pages of reviews, one after another.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * for await (const { results } of cmdop.skills.pagesReviews('backup')) console.log(results.length)
   */
  pagesReviews(slug: string, options?: PagedSearchOptions): AsyncGenerator<Answer<'skills.reviews'>, void>
  /**
   * Gives a star, or takes it back if you gave one before.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.skills.star('backup')).starred)
   */
  star(slug: string, options?: CallOptions): Promise<Answer<'skills.star'>>
  /**
   * Publishes a version. The answer says only that it was accepted; watch the `status` of `get()`.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * await cmdop.skills.publish('my-backup', '[project]', { readme: '# My backup' })
   */
  publish(slug: string, rawManifest: string, options?: PublishOptions): Promise<Answer<'skills.publish'>>
  /**
   * Says `ok` if the skill exists, and nothing about progress.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.skills.publishStatus('my-backup')).status)
   */
  publishStatus(slug: string, options?: CallOptions): Promise<Answer<'skills.publishStatus'>>
  /**
   * All categories.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.skills.categories()).items.map(({ slug }) => slug))
   */
  categories(options?: SearchOptions): Promise<Answer<'skills.categories'>>
  /**
   * All tags.
   *
   * @example
   * import { createCmdop } from 'signalbox/cmdop'
   * import { cmdopCore } from 'signalbox/node'
   *
   * await using cmdop = createCmdop({ transport: cmdopCore() })
   * console.log((await cmdop.skills.tags({ search: 'ci' })).items.length)
   */
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
