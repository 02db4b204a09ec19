import { Fragment } from 'preact'

/** The name of a dataset or series. Where it is too long for a line, it breaks after a dot, a line or a slash alone. */
export const Name = ({ of }: { of: string }) => (
  <>
    {of.split(/(?<=[._/-])/).map((part, index) => (
      <Fragment key={`${index} ${part}`}>
        {index > 0 && <wbr />}
        {part}
      </Fragment>
    ))}
  </>
)
