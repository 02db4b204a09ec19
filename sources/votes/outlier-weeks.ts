/**
 * Weeks with |1 - count / mean| > 0.2; the mean is over weeks with votes. Weeks are those of strftime's %W: Monday
 * first, and week 0 before the first Monday. In integers, so that a fifth is not an outlier: 5 |votes - count * weeks|
 * > votes.
 */
export const outlierWeeks = {
  name: 'the view blog_analysis.outlier_weeks',
  sql: `
CREATE OR REPLACE VIEW blog_analysis.outlier_weeks AS
SELECT Year, WeekNumber, VoteCount
FROM
(
    SELECT
        toYear(CreationDate) AS Year,
        toUInt8(intDiv(toDayOfYear(CreationDate) + 7 - toDayOfWeek(CreationDate), 7)) AS WeekNumber,
        count() AS VoteCount,
        sum(count()) OVER () AS votes,
        count() OVER () AS weeks
    FROM blog_analysis.votes
    GROUP BY Year, WeekNumber
)
WHERE 5 * abs(toInt64(votes) - toInt64(VoteCount * weeks)) > votes
ORDER BY Year, WeekNumber`,
}

export interface OutlierWeek {
  Year: number
  WeekNumber: number
  VoteCount: number
}

export const selectOutlierWeeks =
  'SELECT Year, WeekNumber, VoteCount FROM blog_analysis.outlier_weeks ORDER BY Year, WeekNumber'
