import { Body, Controller, Delete, Get, Headers, HttpCode, Param, Put, Query, Res } from '@nestjs/common';
import { CommandBus, type CommandResult, QueryBus } from '@nestjs/cqrs';
import { ApiHeader, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { IfRevision } from '@orderstream/event-sourcing';
import { ApiProblems, Problem, entityTag, ifMatchHeader, preconditionFailed, readIfMatch, requestCause } from '@orderstream/service';
import type { FastifyReply } from 'fastify';
import type { ProductCommand } from './domain/product.decider.ts';
import {
  type ListProductBody,
  type PageQuery,
  type ProductList,
  type ProductView,
  listProductBody,
  pageQuery,
  productList,
  productView,
  skuParam,
} from './inventory.api.ts';
import { FindProduct, ListProducts } from './inventory.queries.ts';
import { ProductCommands } from './product.commands.ts';

const etag = { ETag: { description: 'The revision of the product’s stream', schema: { type: 'string' as const, example: '"0"' } } };

@ApiTags('products')
@Controller('products')
export class ProductController {
  constructor(
    private readonly commands: CommandBus,
    private readonly queries: QueryBus,
  ) {}

  @Put(':sku')
  @ApiOperation({
    summary: 'Put a product on sale, or change its name or price',
    description: 'A new product needs no If-Match; a change does, `*` for any.',
  })
  @ApiHeader({ ...ifMatchHeader, required: false })
  @ApiResponse({ status: 200, standardSchema: productView, description: 'The product as it is now', headers: etag })
  @ApiResponse({
    status: 201,
    standardSchema: productView,
    description: 'The new product',
    headers: { ...etag, Location: { schema: { type: 'string' } } },
  })
  @ApiProblems('invalid-request', 'contended', 'precondition-failed', 'precondition-required', 'dependency-unavailable')
  async list(
    @Param({ schema: skuParam }) { sku }: { readonly sku: string },
    @Headers('if-match') ifMatch: string | undefined,
    @Body({ schema: listProductBody }) { name, price }: ListProductBody,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProductView> {
    const isNew = ifMatch === undefined;
    const command = { type: 'ListProduct', sku, name, price, at: new Date().toISOString() } as const;
    const result = await this.#execute(command, isNew ? 'no_stream' : readIfMatch(ifMatch));
    if (!result.ok) {
      if (result.revision === null) throw new Problem('precondition-failed', 'There is no such product yet: put it without If-Match');
      if (isNew) throw new Problem('precondition-required', 'The product exists: send If-Match with the ETag that you read, or * for any');
      throw preconditionFailed(result.revision);
    }
    const revision = result.revision!;
    void reply.code(isNew ? 201 : 200).header('etag', entityTag(revision));
    if (isNew) void reply.header('location', `/products/${sku}`);
    return { sku, revision, name, price, listed: true };
  }

  @Delete(':sku')
  @HttpCode(204)
  @ApiOperation({ summary: 'Take a product off sale', description: 'Orders that were placed before are not touched.' })
  @ApiHeader(ifMatchHeader)
  @ApiResponse({ status: 204, description: 'It is off sale', headers: etag })
  @ApiProblems('invalid-request', 'not-found', 'contended', 'precondition-failed', 'precondition-required', 'dependency-unavailable')
  async delist(
    @Param({ schema: skuParam }) { sku }: { readonly sku: string },
    @Headers('if-match') ifMatch: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const result = await this.#execute({ type: 'DelistProduct', sku, at: new Date().toISOString() }, readIfMatch(ifMatch));
    if (result.revision === null) throw unknownProduct(sku);
    if (!result.ok) throw preconditionFailed(result.revision);
    void reply.header('etag', entityTag(result.revision));
  }

  @Get(':sku')
  @ApiOperation({ summary: 'A product, on sale or not' })
  @ApiResponse({ status: 200, standardSchema: productView, description: 'The product', headers: etag })
  @ApiProblems('invalid-request', 'not-found', 'dependency-unavailable')
  async find(
    @Param({ schema: skuParam }) { sku }: { readonly sku: string },
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ProductView> {
    const product = await this.queries.execute(new FindProduct(sku));
    if (product === null) throw unknownProduct(sku);
    void reply.header('etag', entityTag(product.revision));
    return product;
  }

  @Get()
  @ApiOperation({ summary: 'Products by their code, on sale or not' })
  @ApiResponse({ status: 200, standardSchema: productList, description: 'A page of products' })
  @ApiProblems('invalid-request', 'dependency-unavailable')
  listAll(@Query({ schema: pageQuery }) query: PageQuery): Promise<ProductList> {
    return this.queries.execute(new ListProducts(query));
  }

  async #execute(command: ProductCommand, ifRevision: IfRevision): Promise<CommandResult<ProductCommands>[number]> {
    const cause = requestCause(command.type);
    const [result] = await this.commands.execute(new ProductCommands([{ id: command.sku, command, cause, ifRevision }]));
    return result!;
  }
}

function unknownProduct(sku: string): Problem {
  return new Problem('not-found', `There is no product ${sku}`);
}
