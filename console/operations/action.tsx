import { useState } from 'preact/hooks'
import { ask, Problem } from '../api/request.ts'
import { Details } from './details.tsx'
import { useMay } from './session.tsx'

export interface ActionProps {
  title: string
  method?: 'POST' | 'PUT' | 'DELETE'
  /** Path of the API, below /api/v1/. */
  path: string
  /** Without the reason. */
  body: Record<string, unknown>
  /** The command that does the same. */
  command: string
  /** Whether the API says first what would be done, without doing it. */
  hasPreview?: boolean
  onDone?: () => void
}

type Outcome = { of: 'preview' | 'done'; value: unknown } | { of: 'failed'; why: string }

/** A change: a button opens it; it shows the equal command, asks for a reason, and says what came of it. */
export function Action({ title, method = 'POST', path, body, command, hasPreview = false, onDone }: ActionProps) {
  const may = useMay('operator')
  const [isOpen, setOpen] = useState(false)
  const [why, setWhy] = useState('')
  const [isBusy, setBusy] = useState(false)
  const [outcome, setOutcome] = useState<Outcome | null>(null)
  const send = async (isPreview: boolean): Promise<void> => {
    setBusy(true)
    try {
      const value = await ask(path, {
        method,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, why: why.trim() || 'preview', ...(isPreview && { dryRun: true }) }),
      })
      setOutcome({ of: isPreview ? 'preview' : 'done', value })
      if (!isPreview) onDone?.()
    } catch (error) {
      setOutcome({
        of: 'failed',
        why:
          error instanceof Problem
            ? error.message
            : 'tidemark does not answer. Nothing is known of what came of it: look at the audit log.',
      })
    } finally {
      setBusy(false)
    }
  }
  if (!isOpen)
    return (
      <button
        type="button"
        disabled={!may}
        title={may ? command : 'This needs the rights of an operator'}
        onClick={() => setOpen(true)}
      >
        {title}
      </button>
    )
  const isPreviewed = !hasPreview || outcome?.of === 'preview'
  return (
    <fieldset class="action">
      <legend>{title}</legend>
      <p>
        The same as <code>{command}</code>
      </p>
      <label>
        Reason, for the audit{' '}
        <input value={why} maxLength={1_000} onInput={({ currentTarget }) => setWhy(currentTarget.value)} />
      </label>{' '}
      {hasPreview && (
        <button type="button" disabled={isBusy} onClick={() => send(true)}>
          Show what it would do
        </button>
      )}{' '}
      <button
        type="button"
        disabled={isBusy || why.trim() === '' || !isPreviewed || outcome?.of === 'done'}
        onClick={() => send(false)}
      >
        {title}
      </button>{' '}
      <button
        type="button"
        onClick={() => {
          setOpen(false)
          setOutcome(null)
        }}
      >
        Close
      </button>
      <div role="status">
        {isBusy && 'Working…'}
        {!isBusy && outcome?.of === 'preview' && 'It would do this:'}
        {!isBusy && outcome?.of === 'done' && 'Done:'}
      </div>
      {!isBusy && outcome !== null && outcome.of !== 'failed' && <Details value={outcome.value} />}
      {!isBusy && outcome?.of === 'failed' && <p role="alert">{outcome.why}</p>}
    </fieldset>
  )
}
