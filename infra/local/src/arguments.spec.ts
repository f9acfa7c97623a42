import { describe, expect, it } from 'vitest';
import { parseCommand } from './arguments.ts';
import { WrongArguments } from './command.ts';

describe('The arguments of the stack', () => {
  it('take up with its options', () => {
    const none = { verb: 'up', fresh: false, serversOnly: false, automaticCarrier: false };
    expect(parseCommand(['up', '--fresh'])).toEqual({ ...none, fresh: true });
    expect(parseCommand(['up', '--servers-only'])).toEqual({ ...none, serversOnly: true });
    expect(parseCommand(['up', '--automatic-carrier'])).toEqual({ ...none, automaticCarrier: true });
    expect(parseCommand(['up', '--brokers', '3'])).toEqual({ ...none, brokers: 3 });
  });

  it('take the logs of a server, a service or the deploy step', () => {
    expect(parseCommand(['logs', 'kafka', '-f'])).toEqual({ verb: 'logs', name: 'kafka', follow: true });
    expect(parseCommand(['logs', 'relay'])).toEqual({ verb: 'logs', name: 'relay', follow: false });
    expect(parseCommand(['logs', 'deploy'])).toEqual({ verb: 'logs', name: 'deploy', follow: false });
  });

  it('take the name of what is started again', () => {
    expect(parseCommand(['restart', 'order-service'])).toEqual({ verb: 'restart', name: 'order-service' });
  });

  it.each([
    [[], 'takes a command'],
    [['start'], 'no command start'],
    [['constructor'], 'no command constructor'],
    [['restart'], 'takes one name'],
    [['restart', 'deploy'], 'no process deploy'],
    [['up', 'kafka'], 'takes no name'],
    [['down', '--fresh'], 'no option --fresh'],
    [['status', '--automatic-carrier'], 'no option --automatic-carrier'],
    [['logs'], 'takes one name'],
    [['logs', 'kafka', 'relay'], 'takes one name'],
    [['logs', 'zookeeper'], 'no process zookeeper'],
    [['up', '--frsh'], '--frsh'],
    [['up', '--brokers', '2'], '--brokers 2: there are 1 or 3'],
    [['up', '--brokers', 'three'], '--brokers three'],
    [['down', '--brokers', '3'], 'no option --brokers'],
  ])('refuse %j and name what is wrong', (args, wrong) => {
    expect(() => parseCommand(args)).toThrow(WrongArguments);
    expect(() => parseCommand(args)).toThrow(wrong);
  });
});
