/**
 * View of the weeks that have votes. IsOutlier: the number of votes deviates from the mean of these weeks by more than
 * 20 %. Weeks begin on Monday; the days before the first Monday of a year are week 0 (strftime's %W). It compares
 * integers, because with floating point a deviation of exactly 20 % might count as more.
 */
export const weeks = {
  name: 'the view blog_analysis.weeks',
  sql: `
CREATE OR REPLACE VIEW blog_analysis.weeks AS
SELECT Year, WeekNumber, VoteCount, 5 * abs(toInt64(votes) - toInt64(VoteCount * weeks)) > votes AS IsOutlier
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
)`,
}

/** View of the weeks that are outliers. */
export const outlierWeeks = {
  name: 'the view blog_analysis.outlier_weeks',
  sql: `
CREATE OR REPLACE VIEW blog_analysis.outlier_weeks AS
SELECT Year, WeekNumber, VoteCount FROM blog_analysis.weeks WHERE IsOutlier ORDER BY Year, WeekNumber`,
}

export interface OutlierWeek {
  Year: number
  WeekNumber: number
  VoteCount: number
}

export const selectOutlierWeeks =
  'SELECT Year, WeekNumber, VoteCount FROM blog_analysis.outlier_weeks ORDER BY Year, WeekNumber'
