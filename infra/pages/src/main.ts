// Writes the generated pages of docs/. Run: npm run diagrams
import { writeFileSync } from 'node:fs';
import { consumersPage } from './consumers-page.ts';
import { orderFlowPage } from './order-flow-page.ts';
import { streamsPage } from './streams-page.ts';

const docs = new URL('../../../docs/', import.meta.url);
writeFileSync(new URL('consumers.md', docs), consumersPage());
writeFileSync(new URL('order-flow.md', docs), orderFlowPage());
writeFileSync(new URL('streams.md', docs), streamsPage());
