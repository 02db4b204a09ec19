export type View = 'chart' | 'table'

/** Shows a chart as a table, and back. */
export const TableToggle = ({ view, onChange }: { view: View; onChange: (view: View) => void }) => (
  <button type="button" onClick={() => onChange(view === 'table' ? 'chart' : 'table')}>
    Show as {view === 'table' ? 'chart' : 'table'}
  </button>
)
