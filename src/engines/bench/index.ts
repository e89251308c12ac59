export { type BenchOptions, type BenchReport, type BenchResult, bench } from './bench.ts';
export { MeasurementFailed } from './measure.ts';
