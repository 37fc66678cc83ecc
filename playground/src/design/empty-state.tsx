import type { ComponentChildren, JSX } from 'preact'

/** An empty place: what it is, why it is empty, and what to do. */
export function EmptyState({ title, why, children }: { title: string; why: string; children?: ComponentChildren }): JSX.Element {
  return (
    <div class="empty" data-empty>
      <svg viewBox="0 0 160 44" width="160" height="44" aria-hidden="true">
        <path d="M2 34h156M2 40h156" class="track" />
        <path d="M14 30v14M34 30v14M54 30v14M74 30v14M94 30v14M114 30v14M134 30v14" class="sleeper" />
        <path d="M80 34V8M80 9l22-6" class="mark" />
        <circle cx="80" cy="9" r="3.4" class="mark-lamp" />
      </svg>
      <h2>{title}</h2>
      <p>{why}</p>
      {children ? <div class="empty-actions">{children}</div> : null}
    </div>
  )
}
