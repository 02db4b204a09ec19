import type { Dataset } from '../api/records.ts'
import { useAnswer } from '../api/request.ts'

/** Chooses a dataset, or all. */
export function DatasetChoice({ value, onChange }: { value: string; onChange: (dataset: string) => void }) {
  const answer = useAnswer<{ data: Dataset[] }>('datasets')
  const names = answer.state === 'ready' ? answer.value.data.map(({ dataset }) => dataset) : []
  return (
    <label>
      Dataset{' '}
      <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
        <option value="">all</option>
        {[...new Set([...names, ...(value === '' ? [] : [value])])].map((name) => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </label>
  )
}
