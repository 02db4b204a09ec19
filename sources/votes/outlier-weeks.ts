/**
 * View of the weeks whose number of votes deviates from the mean by more than 20 %. The mean is over weeks that have
 * votes. Weeks begin on Monday; the days before the first Monday of a year are week 0 (strftime's %W). Compares
 * integers, because with floating point a deviation of exactly 20 % might count as more.
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
