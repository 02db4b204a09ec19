export type View = 'chart' | 'table'

/** Shows a chart as a table, and back. */
export const TableToggle = ({ view, onChange }: { view: View; onChange: (view: View) => void }) => (
  <button type="button" aria-pressed={view === 'table'} onClick={() => onChange(view === 'table' ? 'chart' : 'table')}>
    Show as table
  </button>
)
