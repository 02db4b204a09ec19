/** Chooses one of some names, or all (an empty text) if `hasAll`. What is chosen is offered also if it is not among them. */
export const Choice = ({
  title,
  names,
  value,
  hasAll = true,
  onChange,
}: {
  title: string
  names: readonly string[]
  value: string
  hasAll?: boolean
  onChange: (name: string) => void
}) => (
  <label>
    {title}{' '}
    <select value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)}>
      {hasAll && <option value="">all</option>}
      {[...new Set([...names, ...(value === '' ? [] : [value])])].map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  </label>
)
