/** A broker's answer that it does not do what was asked; `type` is its name in Kafka's protocol. */
export class Refusal extends Error {
  override readonly name = 'KafkaJSProtocolError';
  readonly type: string;
  constructor(type: string, detail = '') {
    super(detail === '' ? type : `${type}: ${detail}`);
    this.type = type;
  }
}
