// Makes again what the library knows of docs/zoo.md: its tables, the lines below its headings, its pictures.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { withFacts, withPictures } from './zoo-course.ts';

const file = fileURLToPath(new URL('../../docs/zoo.md', import.meta.url));
writeFileSync(file, await withPictures(withFacts(readFileSync(file, 'utf8'))));
