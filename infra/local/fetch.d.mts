/** The folder that holds Kafka's jars and the schema registry, as the committed pom names them. */
export function serversFolder(root: string): string;
