namespace TorchLm.Tests.Model;

/// <summary>A row's first <c>turned</c> heads (queries and keys), each divided by its root mean square (Henry et al. 2020), times a scale.</summary>
internal sealed class ReferenceQueryKeyNorm(int turned, int heads, int headSize, double epsilon, double scale) : IReferenceLayer
{
    private double[] _x = [];

    public double[] Forward(double[] x)
    {
        _x = x;
        return [.. x.Select((value, i) => IsTurned(i) ? scale * value / Root(i / headSize) : value)];
    }

    public double[] Backward(double[] outputGradient)
    {
        double[] dx = [.. outputGradient];
        for (int head = 0; head < _x.Length / headSize; head++)
        {
            int first = head * headSize;
            if (!IsTurned(first)) continue;
            double root = Root(head), sum = 0;
            for (int d = 0; d < headSize; d++) sum += outputGradient[first + d] * _x[first + d];
            for (int d = 0; d < headSize; d++)
            {
                dx[first + d] = scale * (outputGradient[first + d] / root - _x[first + d] * sum / (headSize * root * root * root));
            }
        }
        return dx;
    }

    private bool IsTurned(int i) => i / headSize % heads < turned;

    private double Root(int head)
    {
        double sum = 0;
        for (int d = 0; d < headSize; d++) sum += _x[head * headSize + d] * _x[head * headSize + d];
        return Math.Sqrt(sum / headSize + epsilon);
    }
}
