namespace TorchLm.Data.Fables.Engine;

/// <summary>What a text has remembered so far: a chain that only ever grows at its head, so that a search can return to an
/// earlier one.</summary>
internal sealed record Memory(string Slot, Entity Entity, Memory? Earlier)
{
    /// <summary>The entity last kept in <paramref name="slot"/>.</summary>
    /// <exception cref="GrammarException">The slot was never filled.</exception>
    public static Entity Read(Memory? memory, string slot)
    {
        for (Memory? entry = memory; entry is not null; entry = entry.Earlier)
            if (entry.Slot == slot)
                return entry.Entity;
        throw new GrammarException($"Slot '{slot}' is read before it is filled.");
    }

    /// <summary>Whether <paramref name="entity"/> was remembered in any slot, readable or not.</summary>
    public static bool Holds(Memory? memory, Entity entity)
    {
        for (Memory? entry = memory; entry is not null; entry = entry.Earlier)
            if (ReferenceEquals(entry.Entity, entity))
                return true;
        return false;
    }
}
