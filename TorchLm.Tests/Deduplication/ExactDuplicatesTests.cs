using TorchLm.Data.Deduplication;

namespace TorchLm.Tests.Deduplication;

public class ExactDuplicatesTests
{
    [Fact]
    public void It_answers_as_a_set_does()
    {
        ExactDuplicates duplicates = new();
        HashSet<UInt128> expected = [];
        Random random = new(1);
        for (int i = 0; i < 200_000; i++)
        {
            // Small numbers, zero among them, and numbers that differ in their upper half only.
            UInt128 hash = new((ulong)random.Next(300), (ulong)random.Next(300));
            Assert.Equal(expected.Add(hash), duplicates.Add(hash));
        }
        Assert.Equal(expected.Count, duplicates.Count);
    }

    [Fact]
    public void A_hash_takes_21_to_43_bytes()
    {
        ExactDuplicates duplicates = new();
        for (int i = 0; i < 100_000; i++)
        {
            duplicates.Add((UInt128)i);
            if (i > 100) Assert.InRange((double)duplicates.MemoryBytes / duplicates.Count, 21, 43);
        }
    }
}
