using TorchLm.Core.Configuration;

namespace TorchLm.Core.Training;

/// <summary>A step of the slowest of several ranks, in seconds.</summary>
/// <param name="Compute">Forward and backward passes of its sequences.</param>
/// <param name="Update">Clipping and the optimiser's update.</param>
/// <param name="Waiting">For other ranks' gradients, and for their weights where each updates its part.</param>
/// <param name="Exchange">All that is sent and received, whether it is waited for or not.</param>
public sealed record RankStep(double Compute, double Update, double Waiting, double Exchange)
{
    /// <summary>All of it: compute, waiting and update, one after the other.</summary>
    public double Seconds => Compute + Update + Waiting;

    /// <summary>The share of the exchange that goes on while gradients are computed; 1 where there is nothing to exchange.</summary>
    public double HiddenShare => Exchange > 0 ? 1 - (Waiting / Exchange) : 1;
}

/// <summary>What a step would take on several ranks, each with its own device, that share the step's sequences (data parallel).</summary>
/// <param name="PassSeconds">Forward and backward passes of the step's whole batch on one rank.</param>
/// <param name="UpdateSeconds">Clipping and update of all weights on one rank.</param>
/// <param name="Sequences">In a step, of all ranks together: S.</param>
/// <param name="ContextLength">Tokens in a sequence.</param>
/// <param name="MicroBatch">Sequences that a rank computes at once, at the most.</param>
/// <param name="BackwardShare">The backward pass's share of the time of both passes.</param>
/// <param name="BucketBytes">Bytes of the gradients, by bucket, in the order in which they are finished: K of them.</param>
/// <param name="Ranks">N.</param>
/// <param name="Link">What connects them.</param>
/// <remarks>
/// The slowest rank computes ⌈S / N⌉ / S of PassSeconds, in parts of at most a micro-batch. Buckets are summed one after the other; the k-th of K is taken
/// to be finished at k / K of the last part's backward pass, which takes B. The wait after it is then
/// max over k of (the sums of buckets k to K) - (1 - k / K) · B, at least the last bucket's sum.
/// Stragglers, reading data, and what sending takes of a device's speed are left out, and so is that few sequences at once may use a device less well.
/// </remarks>
public sealed record ScalePlan(double PassSeconds, double UpdateSeconds, int Sequences, int ContextLength, int MicroBatch, double BackwardShare,
    IReadOnlyList<long> BucketBytes, int Ranks, RankLink Link)
{
    /// <summary>A backward pass has twice a forward pass's arithmetic, and with activation checkpointing the forward pass's once more.</summary>
    private const double UsualBackwardShare = 2.0 / 3, CheckpointingBackwardShare = 3.0 / 4;

    /// <summary>The plan for a run.</summary>
    /// <param name="run">Its vocabulary known.</param>
    /// <param name="step">What was measured on one device, with however many tokens.</param>
    /// <param name="ranks">At least 1, and as <see cref="RankRules"/> allow.</param>
    /// <param name="link">What connects them.</param>
    public static ScalePlan Of(RunConfig run, ProbedStep step, int ranks, RankLink link)
    {
        int sequences = Training.MicroBatch.EffectiveBatch(run.Training), context = run.Model.ContextLength;
        return new ScalePlan(step.PassSecondsPerToken * sequences * context, step.UpdateSeconds, sequences, context, run.Training.BatchSize,
            run.Training.ActivationCheckpointing ? CheckpointingBackwardShare : UsualBackwardShare, GradientBuckets.BytesOf(run.Model), ranks, link);
    }

    /// <summary>Sequences of the rank that has most.</summary>
    public int LargestShare => CeilingOf(Sequences, Ranks);

    /// <summary>Parts, at most a micro-batch each, that this rank computes its sequences in.</summary>
    public int Parts => CeilingOf(LargestShare, MicroBatch);

    /// <summary>Sequences in the largest of these parts.</summary>
    public int PartSequences => CeilingOf(LargestShare, Parts);

    /// <summary>Bytes of all gradients.</summary>
    public long GradientBytes => BucketBytes.Sum();

    /// <summary>A step on one rank, in seconds.</summary>
    public double OneRankSeconds => PassSeconds + UpdateSeconds;

    /// <summary>Every rank sums all gradients (all-reduce) and updates all weights.</summary>
    public RankStep Plain
    {
        get
        {
            double[] sums = [.. BucketBytes.Select(bytes => Link.AllReduceSeconds(bytes, Ranks))];
            return new RankStep(ComputeSeconds, UpdateSeconds, NotHidden(sums), sums.Sum());
        }
    }

    /// <summary>
    /// Every rank sums and updates its N-th part (reduce-scatter), and then gets the others' weights (all-gather), which nothing hides: ZeRO stage 1
    /// (Rajbhandari et al. 2020).
    /// </summary>
    public RankStep Sharded
    {
        get
        {
            double[] sums = [.. BucketBytes.Select(bytes => Link.ReduceScatterSeconds(bytes, Ranks))];
            double weights = BucketBytes.Sum(bytes => Link.AllGatherSeconds(bytes, Ranks));
            return new RankStep(ComputeSeconds, UpdateSeconds / Ranks, NotHidden(sums) + weights, sums.Sum() + weights);
        }
    }

    /// <summary>Tokens of all ranks in a second.</summary>
    public double TokensPerSecond(RankStep step) => (double)Sequences * ContextLength / step.Seconds;

    /// <summary>How much of N times one rank's speed is reached: T(1) / (N · T(N)), at most 1.</summary>
    public double Efficiency(RankStep step) => OneRankSeconds / (Ranks * step.Seconds);

    private double ComputeSeconds => PassSeconds * LargestShare / Sequences;

    private double NotHidden(double[] sums)
    {
        double backward = ComputeSeconds / Parts * BackwardShare, left = 0, longest = 0;
        for (int bucket = sums.Length - 1, after = 0; bucket >= 0; bucket--, after++)
        {
            left += sums[bucket];
            longest = Math.Max(longest, left - (backward * after / sums.Length));
        }
        return longest;
    }

    private static int CeilingOf(int count, int parts) => (int)(((long)count + parts - 1) / parts);
}
