import { place } from '../data/route.tsx';
import { Access } from '../parts/report-access.tsx';
import { Months } from '../parts/report-months.tsx';
import { PaidAndUnused } from '../parts/report-paid.tsx';

/** What the seats of each month were, what is paid and unused, and who had access on a day. */
export function Report() {
  const { query } = place.value;
  return (
    <>
      <h1>Report</h1>
      <Months shown={query.get('months')} price={query.get('price') ?? undefined} />
      <PaidAndUnused />
      <Access of={query.get('of') ?? undefined} at={query.get('at') ?? undefined} />
    </>
  );
}
