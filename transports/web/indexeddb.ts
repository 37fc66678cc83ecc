/** A store in the browser's own database. An entry of its own: most pages need none. */
export { indexedDbStore, type IndexedDbStoreOptions } from './store-indexeddb.js'
