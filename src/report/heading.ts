import type { Page } from './page.ts';
import type { Report } from './report.ts';
import { plain, wrap } from './text.ts';

/** What a report starts with: version, seed and machine. */
export function headingInWords({
  version,
  command,
  seed,
  machine,
}: Omit<Report, 'results'>): string {
  const { node, platform, arch, cores, cpu } = machine;
  const place = `Node ${node}, ${platform} ${arch}, ${cores} usable core${cores === 1 ? '' : 's'} (${cpu})`;
  return plain(`pvrace ${version} ${command}, seed ${seed}, ${place}`);
}

/** The heading, as wide as the page. */
export function headingLines(report: Omit<Report, 'results'>, page: Page): readonly string[] {
  return [...wrap(headingInWords(report), page.columns).map(page.palette.faint), ''];
}
