using System.Numerics;

namespace TorchLm.Core.Training;

/// <summary>A size that begins at a part of the whole and doubles in stages of equal length until it is all of it.</summary>
/// <param name="Steps">Steps until the whole is reached; 0 begins with it.</param>
/// <param name="Factor">How many times smaller the beginning is, a power of two.</param>
internal readonly record struct DoublingWarmup(int Steps, int Factor)
{
    private int Stages => BitOperations.Log2((uint)Factor);

    /// <summary>What the whole is divided by at a step, counted from 0.</summary>
    public int DivisorAt(long step) => step >= Steps ? 1 : Factor >> (int)(step * Stages / Steps);

    /// <summary>The sizes of all steps before a step together, in closed form.</summary>
    /// <param name="step">The step, counted from 0.</param>
    /// <param name="whole">The whole size, a multiple of the factor.</param>
    public long SumBefore(long step, long whole)
    {
        long sum = Math.Max(0, step - Steps) * whole;
        for (int stage = 0; Steps > 0 && stage < Stages; stage++)
        {
            sum += Math.Max(0, Math.Min(step, FirstOf(stage + 1)) - FirstOf(stage)) * (whole / (Factor >> stage));
        }
        return sum;
    }

    /// <summary>The first step whose stage is at least this one: the least s with s · stages ≥ stage · steps.</summary>
    private long FirstOf(int stage) => (((long)stage * Steps) + Stages - 1) / Stages;
}
