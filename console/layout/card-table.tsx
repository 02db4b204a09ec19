import type { Column } from './long-table.tsx'

/**
 * A table of which each row is a card on a narrow screen: there each cell has the title of its column beside it. `hasHeads`:
 * the first cell of a row is its head.
 */
export function CardTable<Row>({
  rows,
  columns,
  nameOf,
  isChosen,
  hasHeads = false,
}: {
  rows: readonly Row[]
  columns: readonly Column<Row>[]
  nameOf: (row: Row) => string
  isChosen?: (row: Row) => boolean
  hasHeads?: boolean
}) {
  const classOf = ({ isNumber }: Column<Row>): string | undefined => (isNumber ? 'number' : undefined)
  const [head, ...others] = columns
  const cells = hasHeads ? others : columns
  return (
    <div class="scroll">
      <table class={hasHeads ? 'cards wide' : 'cards'}>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.title} class={classOf(column)}>
                {column.title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={nameOf(row)} class={isChosen?.(row) ? 'chosen' : undefined}>
              {hasHeads && <th scope="row">{head?.of(row)}</th>}
              {cells.map((column) => (
                <td key={column.title} class={classOf(column)} data-label={column.title}>
                  {column.of(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}
