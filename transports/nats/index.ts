/** A store on NATS JetStream, which several machines share. */
export { natsStore, type NatsStoreOptions } from './store.js'
