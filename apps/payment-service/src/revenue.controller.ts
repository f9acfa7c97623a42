import { Controller, Get, Query } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { ApiProblems } from '@orderstream/service';
import { type RevenueList, type RevenueQuery, revenueList, revenueQuery } from './payment.api.ts';
import { ListRevenue } from './payment.queries.ts';

@ApiTags('revenue')
@Controller('revenue')
export class RevenueController {
  constructor(private readonly queries: QueryBus) {}

  @Get()
  @ApiOperation({
    summary: 'What was captured and refunded, day by day and currency by currency',
    description: 'Days are those of UTC. A refund counts on the day on which it was made, not on that of its sale.',
  })
  @ApiResponse({ status: 200, standardSchema: revenueList, description: 'The days on which money moved, oldest first' })
  @ApiProblems('invalid-request', 'dependency-unavailable')
  list(@Query({ schema: revenueQuery }) query: RevenueQuery): Promise<RevenueList> {
    return this.queries.execute(new ListRevenue(query));
  }
}
