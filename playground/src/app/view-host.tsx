import { useEffect, useState } from 'preact/hooks'
import type { JSX } from 'preact'
import { Button } from '../design/button.js'
import { EmptyState } from '../design/empty-state.js'
import { ErrorNotice } from '../design/error-notice.js'
import { asError, type ShellApp } from './app.js'
import type { View } from './view.js'
import { VIEWS } from './views.js'

/** Shows the view of the route. Only this view is in the page; the others do not render. */
export function ViewHost({ app }: { app: ShellApp }): JSX.Element {
  const { status } = app.connection.value
  return (
    <>
      {status === 'asking' || status === 'failed' ? <h1 class="hidden-text">Signalbox</h1> : null}
      <CurrentView app={app} />
    </>
  )
}

function CurrentView({ app }: { app: ShellApp }): JSX.Element {
  const entry = VIEWS.find(({ id }) => id === app.route.value.view) ?? VIEWS[0]
  const [loaded, setLoaded] = useState<Readonly<Record<string, View>>>({})
  const [failure, setFailure] = useState<unknown>()
  const id = entry?.id ?? ''
  useEffect(() => {
    if (!entry || loaded[id]) return
    setFailure(undefined)
    entry.load().then(
      ({ view }) => setLoaded((before) => ({ ...before, [id]: view })),
      (error: unknown) => setFailure(error),
    )
  }, [id])
  const view = loaded[id]
  const state = app.connection.value
  if (state.status === 'asking') {
    return (
      <EmptyState
        title="Not connected"
        why={`The address of this page came with a ticket for the gateway at ${state.origin}. Connect above, or look at the demo.`}
      >
        <Button action="open-demo" onClick={() => void app.openDemo()}>
          Open the demo in this page
        </Button>
      </EmptyState>
    )
  }
  if (state.status === 'failed') {
    return (
      <EmptyState
        title="No hub"
        why={state.mode === 'gateway' ? 'The page could not connect to the gateway.' : 'The worker of this page did not start.'}
      >
        <ErrorNotice error={state.error} />
        {state.mode === 'gateway' ? (
          <p class="small muted">
            A ticket works once, for a minute. <code>signalbox up</code> prints a new address.
          </p>
        ) : null}
        {state.error.code === 'unauthenticated' ? null : (
          <Button action="retry" onClick={() => void (state.mode === 'gateway' ? app.connectGateway() : app.openDemo())}>
            Try again
          </Button>
        )}
        <Button action="open-demo" onClick={() => void app.openDemo()}>
          Open the demo in this page
        </Button>
      </EmptyState>
    )
  }
  if (failure) {
    return (
      <EmptyState title="This part did not load" why="The browser could not get a file of the page.">
        <ErrorNotice error={asError(failure)} />
        <Button action="reload" onClick={() => location.reload()}>
          Load the page again
        </Button>
      </EmptyState>
    )
  }
  if (!view) return <p class="boot">Loading {entry?.title}…</p>
  const { Component } = view
  return (
    <section class="view" data-view={view.id} aria-label={view.title} key={view.id}>
      <Component app={app} />
    </section>
  )
}
