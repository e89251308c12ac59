// The same host with a mistake: it counts its updates in the version, and forgets that an odd one says
// "wait". A reader that comes in the middle takes half of an update for a whole one.
//
//   npx pvrace verify --scenario examples/host-broken.mjs     broken, and the shortest way there
import { defineScenario, findScenario } from 'pvrace';
import { copyClock } from './host-correct.mjs';

export default defineScenario({
  ...findScenario('pvclock-torn-read'),
  name: 'host-broken',
  summary: 'A VMM whose version stays even while it republishes a pvclock area.',
  host: {
    copyClock,
    beginPublication(kvm, area) {
      return kvm.memory.load32(area);
    },
    endPublication(kvm, area, version) {
      kvm.memory.wmb();
      kvm.memory.store32(area, (version + 2) >>> 0);
    },
  },
});
