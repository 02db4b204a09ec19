import type { ComponentChildren } from 'preact'
import { useEffect, useRef, useState } from 'preact/hooks'

const rowPx = 30
const spareRows = 6

export interface Column<Row> {
  title: string
  isNumber?: boolean
  of: (row: Row) => ComponentChildren
}

/** A table of thousands of rows. Only those in sight are there; each is one line high. */
export function LongTable<Row>({
  rows,
  columns,
  nameOf,
  isChosen,
}: {
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  nameOf: (row: Row) => string
  isChosen: (row: Row) => boolean
}) {
  const box = useRef<HTMLDivElement>(null)
  const [sight, setSight] = useState({ top: 0, height: 600 })
  useEffect(() => {
    const element = box.current
    if (element === null) return
    const look = (): void => setSight({ top: element.scrollTop, height: element.clientHeight })
    look()
    element.addEventListener('scroll', look, { passive: true })
    const resized = new ResizeObserver(look)
    resized.observe(element)
    return () => {
      element.removeEventListener('scroll', look)
      resized.disconnect()
    }
  }, [])
  const first = Math.max(0, Math.floor(sight.top / rowPx) - spareRows)
  const shown = rows.slice(first, first + Math.ceil(sight.height / rowPx) + 2 * spareRows)
  const after = rows.length - first - shown.length
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: the keyboard scrolls it
    <section class="long" ref={box} tabIndex={0} aria-label="Rows, to scroll">
      <table aria-rowcount={rows.length + 1}>
        <thead>
          <tr>
            {columns.map(({ title, isNumber }) => (
              <th key={title} class={isNumber ? 'number' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Room rows={first} columns={columns.length} />
          {shown.map((row, index) => (
            <tr key={nameOf(row)} aria-rowindex={first + index + 2} class={isChosen(row) ? 'chosen' : undefined}>
              {columns.map(({ title, isNumber, of }) => (
                <td key={title} class={isNumber ? 'number' : undefined}>
                  {of(row)}
                </td>
              ))}
            </tr>
          ))}
          <Room rows={after} columns={columns.length} />
        </tbody>
      </table>
    </section>
  )
}

/** Keeps the room of rows that are not in sight. */
const Room = ({ rows, columns }: { rows: number; columns: number }) =>
  rows === 0 ? null : (
    <tr>
      <td colSpan={columns} ref={(cell) => cell?.style.setProperty('height', `${rows * rowPx}px`)} class="room" />
    </tr>
  )
