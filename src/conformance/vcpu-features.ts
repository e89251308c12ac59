import * as v from 'valibot';
import { KVM_CPUID_SIGNATURE, KVM_SUPPORTED_FEATURES } from '../abi/index.ts';
import { KVM_CAP_ENFORCE_PV_FEATURE_CPUID } from '../host/capabilities.ts';
import { cpuidEntries } from '../host/cpuid.ts';
import { enableVcpuCap } from '../host/vmm-ioctls.ts';
import { hexWord } from './fields.ts';
import type { Bench } from './group.ts';
import type { RecordedVm } from './recorded-vm.ts';
import { RecordingError } from './recording-error.ts';

/** What the recorder told KVM of a vCPU's features. */
export interface FeatureConfig {
  readonly enforce: boolean;
  /** Whether enforcement was asked for before KVM_SET_CPUID2, or after it. */
  readonly enforceFirst: boolean;
  /** Base of the KVM leaves, 0 for none. */
  readonly base: number;
  /** EAX of the feature leaf. */
  readonly features: number;
}

/** Fields by which rows of `enforce_cpuid` spell a configuration out. */
export const featureFields = {
  config: v.string(),
  enforce: v.boolean(),
  cap_order: v.picklist(['before_cpuid', 'after_cpuid']),
  feature_eax: v.nullable(hexWord),
  kvm_base: v.nullable(hexWord),
};

const spelledOut = v.looseObject(featureFields);

/** The configuration that a row spells out. */
export function configOf(row: v.InferOutput<typeof spelledOut>): FeatureConfig {
  return {
    enforce: row.enforce,
    enforceFirst: row.cap_order === 'before_cpuid',
    base: row.kvm_base ?? 0,
    features: row.feature_eax ?? 0,
  };
}

/** The configuration of a name: as another row of the file spells it out, or as the name itself does. */
export function configNamed(name: string, bench: Bench): FeatureConfig {
  for (const row of bench.rows('enforce_cpuid')) {
    const parsed = v.safeParse(spelledOut, row);
    if (parsed.success && parsed.output.config === name) return configOf(parsed.output);
  }
  return configByName(name);
}

/** The grammar of the names: `enforce_clear_bit14`, `noenforce_default_base100`. */
function configByName(name: string): FeatureConfig {
  const match = name.match(
    /^(?<no>no)?enforce_(?<features>default|eax0|noleaf|(?:clear|only)_bit\d+|all_plus(?:_\d+)+)(?:_base(?<base>[0-9a-f]+))?(?<after>_capafter)?$/,
  )?.groups;
  if (match === undefined)
    throw new RecordingError(`the config ${JSON.stringify(name)} is unknown`);
  const { no, features = '', base, after } = match;
  const offset = base === undefined ? 0 : Number.parseInt(base, 16);
  return {
    enforce: no === undefined,
    enforceFirst: after === undefined,
    base: features === 'noleaf' ? 0 : KVM_CPUID_SIGNATURE + offset,
    features: featuresByName(features),
  };
}

function featuresByName(name: string): number {
  const bits = [...name.matchAll(/\d+/g)].reduce((mask, [bit]) => mask | (1 << Number(bit)), 0);
  if (name.startsWith('clear_')) return (KVM_SUPPORTED_FEATURES & ~bits) >>> 0;
  if (name.startsWith('only_')) return bits >>> 0;
  if (name === 'eax0' || name === 'noleaf') return 0;
  return (KVM_SUPPORTED_FEATURES | bits) >>> 0;
}

/** A VM with a vCPU of that configuration. */
export function vmWithFeatures(bench: Bench, config: FeatureConfig): RecordedVm {
  const vm = bench.vm();
  const { kvm } = vm;
  const enforce = (): void => {
    const arg = config.enforce ? 1n : 0n;
    enableVcpuCap(kvm, vm.vcpu(), { cap: KVM_CAP_ENFORCE_PV_FEATURE_CPUID, arg });
  };
  if (config.enforceFirst) enforce();
  kvm.ops.setCpuid(kvm, vm.vcpu(), cpuidEntries(config.base, config.features));
  if (!config.enforceFirst) enforce();
  return vm;
}
