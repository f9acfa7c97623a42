/** Where the services' APIs are. */
export interface ServiceUrls {
  readonly order: string;
  readonly inventory: string;
  readonly payment: string;
  readonly shipping: string;
}
