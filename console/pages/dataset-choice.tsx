import type { Dataset } from '../api/records.ts'
import { useAnswer } from '../api/request.ts'
import { Choice } from '../layout/choice.tsx'

/** Chooses a dataset, or all. */
export function DatasetChoice({ value, onChange }: { value: string; onChange: (dataset: string) => void }) {
  const answer = useAnswer<{ data: Dataset[] }>('datasets')
  const names = answer.state === 'ready' ? answer.value.data.map(({ dataset }) => dataset) : []
  return <Choice title="Dataset" names={names} value={value} onChange={onChange} />
}
