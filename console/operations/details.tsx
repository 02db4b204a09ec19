/** Shows any answer of the API as a list of names and values. */
export function Details({ value }: { value: unknown }) {
  if (Array.isArray(value)) {
    if (value.length === 0) return <>none</>
    const shown = value.slice(0, maxShown)
    return (
      <ul>
        {shown.map((each) => (
          <li key={JSON.stringify(each)}>
            <Details value={each} />
          </li>
        ))}
        {value.length > maxShown && <li>and {value.length - maxShown} more</li>}
      </ul>
    )
  }
  if (typeof value === 'object' && value !== null)
    return (
      <dl>
        {Object.entries(value).map(([name, each]) => (
          <>
            <dt>{name}</dt>
            <dd>
              <Details value={each} />
            </dd>
          </>
        ))}
      </dl>
    )
  return <>{value === null || value === undefined ? '–' : String(value)}</>
}

const maxShown = 20
