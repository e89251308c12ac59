// Peterson's lock, repaired: a full fence between the store that says "I want it" and the loads that look
// whether the other does.
import { peterson } from './peterson.mjs';

export default peterson('peterson-fenced', (cpu) => cpu.mb());
