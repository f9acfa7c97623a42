import { readFileSync } from 'node:fs';
import { type Category, type Reaction, reactions, streams } from '@orderstream/contracts';
import { productDecider } from '@orderstream/inventory-service/domain/product.decider';
import { describe, expect, it } from 'vitest';
import { behaviours } from './behaviours.ts';
import { consumersPage } from './consumers-page.ts';
import { explore } from './exploring.ts';
import { asked, outcomesOf } from './flow.ts';
import { orderFlowPage, reactionsTable } from './order-flow-page.ts';
import { orderCommands, productCommands, shipmentCommands } from './samples.ts';
import { stateDiagram, streamsPage } from './streams-page.ts';

const page = (name: string): string => readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8');

describe('The committed page', () => {
  it('of the order flow is what the reactions give: when not, `npm run diagrams`', () => {
    expect(page('order-flow.md')).toBe(orderFlowPage());
  });

  it('of the consumers is what the services declare: when not, `npm run diagrams`', () => {
    expect(page('consumers.md')).toBe(consumersPage());
  });

  it('of the streams is what the deciders give: when not, `npm run diagrams`', () => {
    expect(page('streams.md')).toBe(streamsPage());
  });

  it('shows every reaction', () => {
    for (const { on, command } of reactions) expect(orderFlowPage()).toContain(`${on} → ${command}`);
  });

  it('is another one with one reaction less', () => {
    expect(page('order-flow.md')).toContain(reactionsTable(reactions));
    expect(page('order-flow.md')).not.toContain(reactionsTable(reactions.slice(1)));
  });
});

describe('Exploring a decider', () => {
  it.each(Object.keys(streams) as Category[])('finds every event that a %s stream can have', (category) => {
    const found = behaviours[category].transitions.flatMap(({ events }) => events.map(({ type }) => type));
    expect([...new Set(found)].toSorted()).toEqual([...streams[category].events].toSorted());
  });

  it('draws another diagram when a transition changes', () => {
    const once = {
      ...productDecider,
      decide: (...[command, state]: Parameters<typeof productDecider.decide>) =>
        state.status === 'delisted' ? [] : productDecider.decide(command, state),
    };
    const changed = stateDiagram(explore(once, productCommands, ({ status }) => status));
    expect(page('streams.md')).toContain(stateDiagram(behaviours.product));
    expect(page('streams.md')).not.toContain(changed);
    expect(changed).toContain('delisted --> [*]');
  });

  it('ends with a fault when the states have no end', () => {
    const counter = {
      category: 'counter',
      initialState: 0,
      decide: () => [{ type: 'Counted', data: {} }],
      evolve: (state: number) => state + 1,
    };
    expect(() => explore(counter, { Count: [{ type: 'Count' }] }, String)).toThrow('more than 1000 states');
  });
});

describe('The flow', () => {
  it('knows where every command to an order or a shipment comes from', () => {
    const from = (of: Reaction['of']): string[] => [...reactions, ...asked].filter((each) => each.of === of).map(({ command }) => command);
    expect([...new Set(from('order'))].toSorted()).toEqual(Object.keys(orderCommands).toSorted());
    expect([...new Set(from('shipment'))].toSorted()).toEqual(Object.keys(shipmentCommands).toSorted());
  });

  it('knows what every command leads to, in events of the service that is asked', () => {
    for (const { command, of, service } of [...reactions, ...asked.map((each) => ({ ...each, service: behaviours[each.of].service }))]) {
      const outcomes = outcomesOf(command, of);
      expect(outcomes, command).not.toEqual([]);
      const own = Object.entries(streams).filter(([category]) => behaviours[category as Category].service === service);
      const events: readonly string[] = own.flatMap(([, { events }]) => events);
      for (const { type } of outcomes.flatMap(({ events }) => events)) expect(events).toContain(type);
    }
  });
});
