const GROUP_ON_ALL = /^\$persistentsubscription-\$all::.*-(?:checkpoint|parked)$/s;

/**
 * What $all does not show: the bookkeeping of groups that read $all, which would otherwise be fed with what
 * they cause themselves. All other system streams are there.
 */
export function isHiddenInAll(stream: string): boolean {
  return stream === '$epoch-information' || GROUP_ON_ALL.test(stream);
}
