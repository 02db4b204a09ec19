import { Fragment } from 'preact'

/** The name of a dataset or series. It begins a line where that makes it fit; one that is longer breaks after a dot, an underscore, a hyphen or a slash. */
export const Name = ({ of }: { of: string }) => (
  <span class="long-name">
    {of.split(/(?<=[._/-])/).map((part, index) => (
      <Fragment key={`${index} ${part}`}>
        {index > 0 && <wbr />}
        {part}
      </Fragment>
    ))}
  </span>
)
