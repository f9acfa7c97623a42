import { parkingContract } from './parking-contract.ts';
import { ParkingInMemory } from './parking-in-memory.ts';

parkingContract('Parking in memory', () => new ParkingInMemory());
